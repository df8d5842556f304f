# Source the functions of fixtures/gold/<case of the same method>/make.R first (all lines up to the first save_case of
# data), and jsonlite with fixtures/gold/lib.R. The first argument of every call is the method.

# ame_squared_term
b<-with(MASS::bacteria,data.frame(y=as.integer(y=="y"),active=as.integer(ap=="a"),hi=as.integer(hilo=="hi"),week=week,ID=as.character(ID)))
m<-glm(y~active+week+I(week^2),binomial,b,control=list(epsilon=1e-14)); V<-list(se_model=vcov(m),se_HC0=vcovHC(m,type="HC0"),se_cluster=vcovCL(m,cluster=b$ID,type="HC0",cadjust=FALSE))
save_case("average_marginal_effect","ame_squared_term",b,c(ame(m,b,V,"active","week"),list(formula=deparse(formula(m)),tolerance=list(est_abs=1e-7,se_rel=1e-5))),"")

# glm_truth_values, glm_words_for_missing, glm_frequencies, glm_ids_like_numbers (of whose corrections only CR0 is kept)
z<-data.frame(id=sprintf("%02d",1:40%%10),a=rep(c("None","NA","null","x"),10),y=rbinom(40,1,.4)); z$flag<-rep(c(TRUE,FALSE),20)
glmcase("glm_cluster","glm_truth_values",z,y~flag*I(as.integer(id)>4),"id","")
glmcase("glm_cluster","glm_words_for_missing",transform(z,a=factor(a)),y~relevel(a,ref="null"),"id","")
f<-data.frame(run=rep(1:8,each=2),arm=rep(0:1,each=8),y=rep(1:0,8),freq=c(20,80,25,75,31,69,12,88,5,95,8,92,15,85,2,98))
glmcase("glm_cluster","glm_frequencies",f,y~arm,"run","",w="freq")
data(respiratory,package="geepack"); r<-transform(respiratory,treat=as.character(treat),sex=as.character(sex),cid=paste0(center,".",id))
glmcase("glm_cluster","glm_ids_like_numbers",r,outcome~treat+sex+age+baseline+factor(visit),"cid","")

# twoway_log_response, twoway_levels_as_clusters: the lines of twoway_cluster_petersen with these models
data(Grunfeld,package="plm"); m<-lm(log(inv)~log(value)+capital,subset(Grunfeld,year>=1949)) # firm, year
w<-transform(warpbreaks,wool=as.character(wool),tension=as.character(tension),loom=rep(1:9,6)); m<-lm(breaks~wool+tension,w) # loom, tension

# expanded_two_binaries: the lines of grouped_vs_expanded_cbpp
b<-transform(MASS::birthwt,hosp=rep(1:9,21)); me<-glm(low~smoke+factor(race)+ht,binomial,b,control=list(epsilon=1e-14)) # hosp

# wild_text_factors, wild_interaction, wild_logs, wild_year_effects
set.seed(3); r<-expand.grid(scen=1:4,run=sprintf("r%02d",1:8)); r$run<-as.character(r$run); r$arm<-as.integer(r$run>"r04")
r$rate<-round(.3-.1*r$arm+rnorm(8,0,.06)[match(r$run,unique(r$run))]+rnorm(32,0,.05)+.02*r$scen,4)
t<-transform(r,arm=ifelse(arm==1,"inoc","base"),scen=paste0("s",scen))
wcr(rate~arm+scen,t,"run","arminoc"); wcr(rate~arm+scen,t,"run","scens3"); wci(rate~arm+scen,t,"run","arminoc",-1,1)
wcr(rate~arm*scen,r,"run","arm"); wcr(rate~arm*scen,r,"run","arm:scen")
wcr(log(inv)~log(value)+log(capital),subset(Grunfeld,year>=1950),"firm","log(value)")
data(MortalityRates,package="clubSandwich"); d<-subset(MortalityRates,cause=="Motor Vehicle"&state%in%c(1,4,5,6,8,9,12,13)&year>=1975)[,c("year","state","legal","beertaxa","mrate","pop")]
wcr(mrate~legal+beertaxa+factor(year),d,"state","legal")

# score_other_names, score_single_rows
s<-expand.grid(scen=1:3,run=sprintf("r%02d",1:8)); s$run<-as.character(s$run); s$arm<-as.integer(s$run>"r04"); s$n<-sample(30:60,24,TRUE)
s$k<-rbinom(24,s$n,plogis(-1-.6*s$arm+rnorm(8,0,.4)[rep(1:8,each=3)])); s$prop<-s$k/s$n; s$.w<-s$n
score(s,prop~arm+scen,"run","arm"); score(s,prop~arm+scen,"run","scen")
b<-with(MASS::bacteria,data.frame(y=as.integer(y=="y"),active=as.integer(ap=="a"),hi=as.integer(hilo=="hi"),week,ID=as.character(ID)))[1:60,]; b$.w<-1
score(b,y~active+week,"ID","active"); score(b,y~active+week,"ID","week")

# mixed_log_term
data(cbpp,package="lme4"); d<-with(cbpp,data.frame(herd=as.integer(as.character(herd)),period=as.integer(as.character(period)),incidence,size)); d$late<-as.integer(d$period>1); d$healthy<-d$size-d$incidence
run("mixed_logit","mixed_log_term",d,cbind(incidence,size-incidence)~log(period)+(1|herd),~log(period),"incidence","size","herd","")

# clusterboot_no_events
clus("cluster_bootstrap_enumerated","clusterboot_no_events",data.frame(run=sprintf("s%d",1:6),arm=rep(0:1,each=3),k=c(4,5,9,0,0,0),n=50),"")

# permutation_no_spread, permutation_rank_sum_zero, permutation_58, maxt_no_spread: the lines of the gold cases
d<-data.frame(run=1:6,arm=rep(0:1,3),k=c(10,5,10,5,10,5),n=50)
d<-data.frame(score=c(1,5,9,2,2,7,8),group=c("x","x","x","y","y","y","y"))
data(neuropathy,package="coin") # pain by group
Y<-cbind(u=c(.1,.1,.1,.1,.4,.4,.4,.4),w=c(.1,.2,.3,.1,.2,.4,.1,.2)); maxT(Y,rep(0:1,each=4))

# padjust_one, nist_one_coefficient (NIST's NoInt2), rogan_gladen_poor_judge
adj(.03)
d<-data.frame(y=c(3,4,4),x=c(4,5,6))
K(data.frame(x=c(30,2,90),n=c(100,100,100),tp=c(6,55,52),npos=c(10,100,100),tn=c(6,50,49),nneg=c(10,100,100)))

# shapley_small_total
g<-expand.grid(A=0:1,B=0:1,C=0:1); set.seed(6); g$p<-rbinom(8,137,.2)/137; g$n<-137

# firth_scaled_column
data(endometrial,package="brglm2"); run(HG~NV+scale(PI)+EH,endometrial,"firth","firth_scaled_column","")

# lmg_missing_values, meta_missing_moderators
a<-airquality[,1:5]; r<-shap(setdiff(names(a),"Ozone"),r2(a,"Ozone"))
x<-dat.bangertdrowns2004; r<-fit(x$yi,x$vi) # and the regression of meta_bcg on grade and on length
